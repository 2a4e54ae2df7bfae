"""CSV files on their way in, and the one writer of CSV files on their way out. Knows not what the rows are about."""
