"""What the page does: each callback parses, asks a service, and gives components or a figure."""
