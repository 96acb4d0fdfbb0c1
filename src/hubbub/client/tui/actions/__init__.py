"""What keys, menus and clicks do: one file for each thing that they are about."""
