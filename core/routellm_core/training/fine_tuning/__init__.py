"""Fine-tuning: classifiers trained with torch; needs the extra `train`."""
