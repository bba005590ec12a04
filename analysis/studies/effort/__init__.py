"""The effort study: does a channel spare customers effort, and does less effort go with more repurchase?"""
