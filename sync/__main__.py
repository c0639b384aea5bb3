"""`python -m sync` is the same as `alma-folio-sync`."""

from sync.cli import main

if __name__ == "__main__":
    main()
