"""Fine-tuning: classifiers that torch trains; needs the extra `train`."""
