"""What the runtimes in Python share: the process contract, the bytes on the wire, and each workload written once."""
