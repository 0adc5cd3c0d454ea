"""The commands of `leakstream`, one file each. They read arguments, call the composition root and print; nothing else."""
