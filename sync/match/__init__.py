"""Which record is which across the two knowledge bases. Pure: candidates in, a choice with its reason out."""
