"""Rules that other tools' users wrote, as files of this library."""
