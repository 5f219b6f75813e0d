"""What the statistics office publishes: survey rates with their intervals, GRDP and employment, both area versions."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from sources.simulator.frames import Column, Frame, date, text
from sources.simulator.months import END_OF_YEAR_DAY, first_day
from sources.simulator.outbox import Outbox
from sources.simulator.settings import Profile, Trend
from sources.simulator.styles import style_of
from sources.simulator.world import World
