# TensorBoard looks for runs in a thread of its own, which ends for good at the first name that is no text in UTF-8. It passes such names over.
s/^\( *\)entries = \[compat.as_str_any(item) for item in entries\]$/\1entries = [item for item in map(compat.as_str_any, entries) if item.encode("utf-8", "surrogateescape").decode("utf-8", "ignore") == item]/
