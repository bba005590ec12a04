"""A third made-up company: its social desk has a queue, and how long one waits depends on who else writes.

`queue_life` gives it as arrays, for validation over many of them; `queue_truth` says what an answer in time does there;
`write_queue_company` writes the same company into a folder.
"""

from __future__ import annotations

from analysis.synthetic.queue_desk.desk import QUEUES
from analysis.synthetic.queue_desk.files import write_queue_company
from analysis.synthetic.queue_desk.life import QueueLife, queue_life
from analysis.synthetic.queue_desk.truth import QueueTruth, queue_truth

__all__ = ["QUEUES", "QueueLife", "QueueTruth", "queue_life", "queue_truth", "write_queue_company"]
