"""``python -m rxpolygon``: the command, where its script is not on the path."""

from rxpolygon.cli import main

if __name__ == "__main__":
    main()
