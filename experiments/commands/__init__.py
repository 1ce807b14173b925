"""The commands of `qml`, by theme; heavy packages are imported inside them."""
