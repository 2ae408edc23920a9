"""What the warm worker of the Race page does: lanes that race through images, photos, pictures."""
