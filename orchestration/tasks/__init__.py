"""What commands other than ``run`` do; how it is printed stands in ``cli``."""
