"""The world at the edge: files, fitted models on disk, the terminal."""
