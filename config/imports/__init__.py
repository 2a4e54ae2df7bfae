"""CSV files and workbooks on their way in, and the writers of both on their way out. Knows not what the rows are about."""
