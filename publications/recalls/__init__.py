"""One act on many codes that have left the house: switch them off, retire, extend or replace them."""
