"""Where people keep models: a shared folder or a bucket, the Hugging Face Hub, an MLflow tracking server."""
