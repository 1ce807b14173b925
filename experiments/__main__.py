"""`python -m experiments` is the command `qml`."""

from experiments.cli import main

if __name__ == "__main__":
    main()
