"""The checks that tools/check runs, a file each."""
