"""What the techniques that train share: learning from labels, and learning a teacher's answers."""

from engine.techniques.learning.answers import learn_answers
from engine.techniques.learning.labels import learn_labels
from engine.techniques.learning.student import check_trainable, new_student
from engine.techniques.learning.teacher import find_teacher

__all__ = ["check_trainable", "find_teacher", "learn_answers", "learn_labels", "new_student"]
