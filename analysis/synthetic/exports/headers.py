"""Which columns do the exports have, in which order? The headers of seven real exports, word for word."""

from __future__ import annotations


def _columns(header: str) -> tuple[str, ...]:
    return tuple(header.replace("\n", " ").strip().split(", "))


ZENDESK_TICKETS = _columns("""
Summation column, Id, Requester, Requester id, Requester external id, Requester email, Requester domain, Submitter,
Assignee, Group, Subject, Tags, Status, Priority, Via, Ticket type, Created at, Updated at, Assigned at,
Organization, Due date, Initially assigned at, Solved at, Resolution time, Satisfaction Score, Group stations,
Assignee stations, Reopens, Replies, First reply time in minutes, First reply time in minutes within business hours,
First resolution time in minutes, First resolution time in minutes within business hours,
Full resolution time in minutes, Full resolution time in minutes within business hours, Agent wait time in minutes,
Agent wait time in minutes within business hours, Requester wait time in minutes,
Requester wait time in minutes within business hours, On hold time in minutes,
On hold time in minutes within business hours
""")
"""The CSV export of tickets, all 41 columns."""

ZENDESK_USERS = _columns("""
id, _fivetran_synced, active, alias, authenticity_token, chat_only, created_at, details, email, external_id,
last_login_at, locale, locale_id, moderator, name, notes, only_private_comments, organization_id, phone,
remote_photo_url, restricted_agent, role, shared, shared_agent, signature, suspended, ticket_restriction, time_zone,
two_factor_auth_enabled, updated_at, url, verified
""")
"""Users, as a connector names the interface's fields."""

SHOPIFY_ORDERS = _columns("""
Name, Email, Financial Status, Paid at, Fulfillment Status, Fulfilled at, Accepts Marketing, Currency, Subtotal,
Shipping, Taxes, Total, Discount Code, Discount Amount, Shipping Method, Created at, Lineitem quantity,
Lineitem name, Lineitem price, Lineitem compare at price, Lineitem sku, Lineitem requires shipping,
Lineitem taxable, Lineitem fulfillment status, Billing Name, Billing Street, Billing Address1, Billing Address2,
Billing Company, Billing City, Billing Zip, Billing Province, Billing Country, Billing Phone, Shipping Name,
Shipping Street, Shipping Address1, Shipping Address2, Shipping Company, Shipping City, Shipping Zip,
Shipping Province, Shipping Country, Shipping Phone, Notes, Note Attributes, Cancelled at, Payment Method,
Payment Reference, Refunded Amount, Vendor, Id, Tags, Risk Level, Source, Lineitem discount, Tax 1 Name,
Tax 1 Value, Tax 2 Name, Tax 2 Value, Tax 3 Name, Tax 3 Value, Tax 4 Name, Tax 4 Value, Tax 5 Name, Tax 5 Value,
Phone, Receipt Number, Duties, Billing Province Name, Shipping Province Name, Payment Terms Name,
Next Payment Due At
""")
"""The orders export of the admin, of 2022."""

SHOPIFY_CUSTOMERS = _columns("""
id, first_name, last_name, email, phone, state, orders_count, total_spent, created_at, updated_at,
accepts_marketing, tax_exempt, verified_email, default_address_id, _fivetran_synced
""")
"""Customers, as a connector names the interface's fields."""

X_TWEETS = _columns("""
Tweet id, Tweet permalink, Tweet text, time, impressions, engagements, engagement rate, retweets, replies, likes,
user profile clicks, url clicks, hashtag clicks, detail expands, permalink clicks, app opens, app installs, follows,
email tweet, dial phone, media views, media engagements
""")
"""Tweet activity, by post."""

SPROUT_POSTS = _columns("""
Date, Post ID, Network, Post Type, Content Type, Profile, Sent by, Link, Post, Impressions, Reach, Engagements,
Engagement Rate (per Impression), Reactions, Comments, Shares, Saves, Post Link Clicks, Video Views
""")
"""The post performance report."""

SPROUT_MESSAGES = _columns("""
guid, network, created_time, post_category, post_type, perma_link, text, from.name, from.guid, profile_guid,
language_code, sent, inbox_permalink, case_id, publishing_post_id, internal.tags.id, internal.sent_by.id,
internal.sent_by.email, activity_metadata.first_like.time_elapsed, action_last_update_time
""")
"""The fields of the interface for messages, nested ones with a dot."""
