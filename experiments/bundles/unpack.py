"""Unpack a bundle into a run's folder, where `qml run`, `qml table` and `qml report` go on."""

from pathlib import Path
from tempfile import TemporaryDirectory

from experiments.bundles.archive import LIMIT, extract
from experiments.bundles.layout import SPEC, check_files, read_bundle_json


def unpack(bundle: Path, folder: Path, *, limit: int = LIMIT) -> Path:
    """Unpack a bundle, after its names, sizes and checksums were checked.

    Args:
        bundle: the zip file.
        folder: a folder that is absent or empty; it appears whole or not at all.
        limit: at most this many bytes are expanded; 2 GiB unless raised.

    Returns:
        the spec: `qml run SPEC --out FOLDER` goes on from the finished cells.

    Raises:
        FileExistsError: the folder holds something.
        FileNotFoundError: no such bundle.
        ValueError: not a bundle, one that was changed, or one that is not safe to unpack.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"Folder {folder} is not empty: name another, nothing was written.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as place:
        inner = Path(place) / "bundle"
        inner.mkdir()
        extract(bundle, inner, limit)
        read_bundle_json(inner, bundle)
        if problems := check_files(inner):
            raise ValueError(
                f"Bundle {bundle} is not as it was packed, in {len(problems)} places, first: "
                f"{problems[0]} `qml verify` lists them all."
            )
        if folder.exists():
            folder.rmdir()
        inner.rename(folder)
    return folder / SPEC
