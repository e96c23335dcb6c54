"""`python -m verification`: the command `filtergain`."""

from verification.cli import main

if __name__ == "__main__":
    main()
