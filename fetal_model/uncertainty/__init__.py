"""How sure an answer is: dropout samples, calibration, and when to ask a person."""
