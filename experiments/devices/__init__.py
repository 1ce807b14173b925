"""What a spec or the command line may name to run on: circuit devices, mitigations, annealers."""
