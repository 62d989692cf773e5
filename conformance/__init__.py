"""The conformance suite: contract, adapters, transports, observations, checks, verdicts, and the command."""
