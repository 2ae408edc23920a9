"""The stage of the Race page: what races, the routes that it asks, and what runs in the browser."""
