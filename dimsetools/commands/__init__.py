"""One module for each subcommand: it joins options, services and output, and decides nothing else."""
