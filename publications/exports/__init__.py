"""Files of codes, hand-outs, reports and selections."""
