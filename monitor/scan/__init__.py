"""`leakstream scan`: one shot over a folder, a file, standard input or a git repository. No config, no state but the cache."""
