"""What a browser is served: a start page and the interactive documentation, with no request leaving the machine."""
