"""`python -m playingage`: the command line."""

from playingage.cli import main

if __name__ == "__main__":
    main()
