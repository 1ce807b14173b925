"""The audit: rules for what scores, seeds and folders cannot be, and a verdict over them."""
