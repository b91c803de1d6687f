// Nothing is called by hand: linking it is enough.
