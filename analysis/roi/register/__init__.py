"""What was promised, what is forecast, and what came of it: promises kept in text, judged by closed months."""
