"""What the dialects made with Django REST framework share: fields, bodies, the order of checks, words."""
