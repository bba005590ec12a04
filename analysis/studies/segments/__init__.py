"""For whom does it work? What may be said of single segments, beginning at `settled`; who benefits, at `explore`."""
