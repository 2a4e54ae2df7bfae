"""The record of use, and the verdict on a code. Knows no message and no webhook."""
