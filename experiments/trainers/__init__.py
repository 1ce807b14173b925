"""How a row's parameters are got, one kind of model a file."""
