"""Matrix product states: circuits of many qubits and little entanglement."""
