"""What bench/compare and bench/scaling are made of."""
