"""From dated footage to a faceset."""
