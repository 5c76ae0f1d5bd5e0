"""Where samples come from: readers of alerts, images and tables, public archives, simulators.

This file stays empty of imports: a reader costs what it needs on the day it is used.
"""
