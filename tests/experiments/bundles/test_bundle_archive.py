"""Unpacking what strangers send: nothing unsafe is expanded, nothing is overwritten."""

import io
import stat
import warnings
import zipfile

import pytest

from experiments.bundles import unpack, verify


def _swap(old, new, count=1):
    def change(content):
        assert old in content
        return content.replace(old, new, count)

    return change


def _entry(name, content=b"x", mode=stat.S_IFREG | 0o644):
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    return info, content


def _npz_bomb():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as arrays:
        for index in range(3):
            arrays.writestr(f"{index}.npy", bytes(2 * 10**6))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([_entry("../out.txt")], "leads outside"),
        ([_entry("a/../../out.txt")], "leads outside"),
        ([_entry("/out.txt")], "absolute path"),
        ([_entry("C:/out.txt")], "absolute path"),
        ([_entry("a\\..\\out.txt")], "backslash"),
        ([_entry("a//b.txt")], "not plain"),
        ([_entry("new\nline")], "control character"),
        ([_entry("link", b"/etc/passwd", stat.S_IFLNK | 0o777)], "is a link"),
        ([_entry("pipe", b"", stat.S_IFIFO | 0o644)], "is a link or a device"),
        ([_entry("twice"), _entry("twice")], "it holds 'twice' twice"),
        ([_entry("arrays/É"), _entry("arrays/e\u0301")], "it holds 'arrays/e\u0301' twice"),
        ([_entry("a"), _entry("a/b")], "lies below a file"),
        ([_entry("zeros", bytes(2 * 2**20))], "expands from"),
        ([_entry("large", bytes(10**5)), _entry("too", bytes(10**6))], "it expands to 1100000"),
        ([_entry("a.npz", _npz_bomb())], "its arrays expand beyond the limit, first in a.npz"),
        ([_entry("a.npz", b"no zip")], "its entry a.npz holds no arrays"),
        ([_entry("harmless")], "is not a result bundle of this project"),
        ([_entry("bundle.json", b'{"format": "else"}')], "is not a result bundle"),
        ([_entry("bundle.json", b"[" * 5000)], "is not a result bundle"),
    ],
)
def test_a_malicious_zip_is_refused_and_nothing_is_written(tmp_path, entries, message):
    file = tmp_path / "evil.zip"
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w") as archive:
        warnings.simplefilter("ignore")  # zipfile says that a name is there twice: that's the point
        for info, content in entries:
            archive.writestr(info, content)
    limit = 3 * 2**20 if "expands from" in message or "arrays" in message else 10**6
    for read in (
        lambda: unpack(file, tmp_path / "run", limit=limit),
        lambda: verify(file, limit=limit),
    ):
        with pytest.raises(ValueError, match=message.replace("(", r"\(")):
            read()
    assert sorted(tmp_path.iterdir()) == [file]


def test_encrypted_and_oddly_compressed_entries_are_refused(tmp_path):
    for method, message in ((zipfile.ZIP_LZMA, "compressed in a way"), (None, "is encrypted")):
        file = tmp_path / "evil.zip"
        with zipfile.ZipFile(file, "w", method or zipfile.ZIP_STORED) as archive:
            archive.writestr("a", b"x")
        if method is None:
            content = bytearray(file.read_bytes())
            content[content.index(b"PK\x01\x02") + 8] |= 1
            file.write_bytes(content)
        with pytest.raises(ValueError, match=message):
            unpack(file, tmp_path / "run")


def test_the_limit_is_two_gibibytes_and_can_be_raised(bundle, tmp_path):
    from experiments.bundles.archive import LIMIT

    assert LIMIT == 2 * 2**30
    with pytest.raises(ValueError, match="raise the limit if you trust it"):
        unpack(bundle, tmp_path / "run", limit=1000)
    assert unpack(bundle, tmp_path / "run", limit=10**8).is_file()


@pytest.mark.parametrize("cut", [0, 100, -10])
def test_what_is_no_zip_is_refused(bundle, tmp_path, cut):
    file = tmp_path / "cut.zip"
    file.write_bytes(bundle.read_bytes()[:cut])
    with pytest.raises(ValueError, match="is not a zip file, or is damaged"):
        unpack(file, tmp_path / "run")
    with pytest.raises(FileNotFoundError, match="No bundle"):
        verify(tmp_path / "none.zip")


def test_a_newer_bundle_is_refused(forge, tmp_path):
    newer = forge({"bundle.json": _swap(b'"version": 1', b'"version": 2')})
    with pytest.raises(ValueError, match="of version 2, but this program reads up to version 1"):
        verify(newer)


def test_endless_resampling_is_refused(forge):
    with pytest.raises(ValueError, match="`resamples` must be an int from 1 to"):
        verify(forge({"bundle.json": _swap(b'"resamples": 50', b'"resamples": 1000000000')}))


def test_a_changed_bundle_is_not_unpacked(forge, tmp_path):
    changed = forge({"table.md": lambda _: b"better"}, honest=True)
    with pytest.raises(ValueError, match=r"in 1 places, first: File table\.md was"):
        unpack(changed, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_folder_that_holds_something_is_never_touched(bundle, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="is not empty"):
        unpack(bundle, tmp_path)
    with pytest.raises(FileExistsError, match="is not empty"):
        unpack(bundle, tmp_path / "mine.txt")
    assert [f.name for f in tmp_path.iterdir()] == ["mine.txt"]
    (tmp_path / "empty").mkdir()
    assert unpack(bundle, tmp_path / "empty") == tmp_path / "empty" / "spec.toml"


# What the metadata say ---------------------------------------------------------------------------
