//! What of a file's bytes do YARA rules know? YARA-X, within limits on time and matches.
