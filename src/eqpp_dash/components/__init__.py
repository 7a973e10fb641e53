"""What the page is made of: functions that give component trees, and nothing else."""
