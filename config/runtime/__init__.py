"""What `manage.py run` is made of, besides the embedded PostgreSQL: none of it is used while a request is answered."""
