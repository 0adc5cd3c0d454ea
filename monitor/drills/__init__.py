"""Drills: a synthetic leak is planted where real ones appear, and followed to the people who have to hear of it (docs/how-to/drills.md).

`desk` writes a drill down and plants it, `schedule` does so every few hours, the planters know one place each. Judging is alerting's
(`monitor.alerting.drills.judge`); they meet in the table `drills`.
"""
