"""The playground: two people side by side in one browser, each with their own chat."""
