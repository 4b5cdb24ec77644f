// A consumer of one table's stream on aws-sdk-go-v2, as one would write it by hand: every NEW
// image is unmarshalled and made plain JSON, and counted or produced to Kafka.
// It begins at TRIM_HORIZON and ends when COUNT records have been counted or acknowledged.
//
// Environment: ENDPOINT TABLE COUNT; BROKERS and TOPIC for Kafka. Prints "first" and "last".
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/twmb/franz-go/pkg/kgo"
)

const pageLimit = 1000

type counter struct {
	wanted, seen int64
	done         chan struct{}
}

func (c *counter) add() {
	switch atomic.AddInt64(&c.seen, 1) {
	case 1:
		fmt.Println("first")
	case c.wanted:
		fmt.Println("last")
		close(c.done)
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// Numbers stay text, binary becomes base64.
func plain(value types.AttributeValue) any {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return json.Number(v.Value)
	case *types.AttributeValueMemberBOOL:
		return v.Value
	case *types.AttributeValueMemberB:
		return v.Value
	case *types.AttributeValueMemberM:
		return plainMap(v.Value)
	case *types.AttributeValueMemberL:
		list := make([]any, 0, len(v.Value))
		for _, element := range v.Value {
			list = append(list, plain(element))
		}
		return list
	case *types.AttributeValueMemberSS:
		return v.Value
	case *types.AttributeValueMemberNS:
		return v.Value
	case *types.AttributeValueMemberBS:
		return v.Value
	}
	return nil
}

func plainMap(image map[string]types.AttributeValue) map[string]any {
	item := make(map[string]any, len(image))
	for name, value := range image {
		item[name] = plain(value)
	}
	return item
}

func newProducer() *kgo.Client {
	brokers := os.Getenv("BROKERS")
	if brokers == "" {
		return nil
	}
	producer, err := kgo.NewClient(kgo.SeedBrokers(brokers), kgo.DefaultProduceTopic(os.Getenv("TOPIC")),
		kgo.RequiredAcks(kgo.AllISRAcks()), kgo.ProducerLinger(5*time.Millisecond),
		kgo.ProducerBatchCompression(kgo.Lz4Compression()), kgo.MaxBufferedRecords(100000))
	check(err)
	return producer
}

func read(ctx context.Context, streams *dynamodbstreams.Client, iterator *string, each func(types.Record)) {
	for iterator != nil {
		page, err := streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{
			ShardIterator: iterator, Limit: aws.Int32(pageLimit)})
		check(err)
		for _, record := range page.Records {
			each(record)
		}
		if len(page.Records) == 0 {
			time.Sleep(250 * time.Millisecond)
		}
		iterator = page.NextShardIterator
	}
}

func main() {
	ctx := context.Background()
	wanted, err := strconv.ParseInt(os.Getenv("COUNT"), 10, 64)
	check(err)
	settings, err := config.LoadDefaultConfig(ctx, config.WithBaseEndpoint(os.Getenv("ENDPOINT")))
	check(err)
	streams := dynamodbstreams.NewFromConfig(settings)
	table, err := dynamodb.NewFromConfig(settings).DescribeTable(ctx,
		&dynamodb.DescribeTableInput{TableName: aws.String(os.Getenv("TABLE"))})
	check(err)
	stream, err := streams.DescribeStream(ctx,
		&dynamodbstreams.DescribeStreamInput{StreamArn: table.Table.LatestStreamArn})
	check(err)

	count := &counter{wanted: wanted, done: make(chan struct{})}
	producer := newProducer()
	each := func(record types.Record) {
		image := plainMap(record.Dynamodb.NewImage)
		body, err := json.Marshal(image)
		check(err)
		if producer == nil {
			count.add()
			return
		}
		key := []byte(fmt.Sprint(image["deal_id"]))
		producer.Produce(ctx, &kgo.Record{Key: key, Value: body}, func(_ *kgo.Record, err error) {
			check(err)
			count.add()
		})
	}
	for _, shard := range stream.StreamDescription.Shards {
		start, err := streams.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{
			StreamArn: stream.StreamDescription.StreamArn, ShardId: shard.ShardId,
			ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
		check(err)
		go read(ctx, streams, start.ShardIterator, each)
	}
	<-count.done
}
