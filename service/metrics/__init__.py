"""What an operator's monitoring reads: numbers of this API process, and of everything that the database knows."""
