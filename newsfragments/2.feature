The image service runs: API version 1, whole, with a registry, a filesystem store, a client class and commands. `make run` starts it from a fresh clone.
