"""What is handed in over HTTP: documents, AIL items, webhooks."""
